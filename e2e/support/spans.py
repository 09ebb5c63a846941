"""A collector for tests: takes spans by OTLP over HTTP, reads them by the published definitions, prints one line of JSON each.

The first line is the port. What is no such message is answered with 400 and printed as a mistake.
"""

import http.server
import json

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status


def value(of):
    return getattr(of, of.WhichOneof("value")) if of.WhichOneof("value") else None


def attributes(pairs):
    return {pair.key: value(pair.value) for pair in pairs}


class Collector(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        message = ExportTraceServiceRequest()
        try:
            if self.path != "/v1/traces" or self.headers.get("content-type") != "application/x-protobuf":
                raise ValueError(f"{self.path} {self.headers.get('content-type')}")
            message.ParseFromString(body)
        except Exception as error:
            print(json.dumps({"mistake": str(error)}), flush=True)
            self.send_error(400)
            return
        for resource in message.resource_spans:
            of = attributes(resource.resource.attributes)
            for scope in resource.scope_spans:
                for span in scope.spans:
                    print(json.dumps(self.told(span, of)), flush=True)
        answer = ExportTraceServiceResponse().SerializeToString()
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def told(self, span, resource):
        return {
            "name": span.name,
            "kind": Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
            "trace": span.trace_id.hex(),
            "id": span.span_id.hex(),
            "parent": span.parent_span_id.hex(),
            "status": Status.StatusCode.Name(span.status.code).removeprefix("STATUS_CODE_"),
            "message": span.status.message,
            "took": span.end_time_unix_nano - span.start_time_unix_nano,
            "attributes": attributes(span.attributes),
            "events": [{"name": event.name, **attributes(event.attributes)} for event in span.events],
            "resource": resource,
        }

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
print(server.server_address[1], flush=True)
server.serve_forever()
