"""Judges a SCIM server with scim2-tester: discovery, users, groups, all that its schemas say of attributes.

Arguments: the address up to /scim/v2, and a token. Prints a line for each check; ends with 1 where one fails or nothing ran.
"""

import sys

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

address, token = sys.argv[1:3]
client = Client(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=60)
results = check_server(SyncSCIMClient(client))
for result in results:
    print(f"{result.status.name} {result.title} {result.resource_type or ''} {result.reason or ''}".rstrip())
good = sum(result.status == Status.SUCCESS for result in results)
bad = [result for result in results if result.status not in (Status.SUCCESS, Status.SKIPPED)]
print(f"{good} good, {len(bad)} bad")
sys.exit(1 if bad or good < 40 else 0)
