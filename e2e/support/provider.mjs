// A certified provider of single sign-on (`oidc-provider`) on the loopback, with people that a journey makes up; knows nothing
// of Proofdesk but the address that it sends people back to.

import { createServer } from "node:net";
import { once } from "node:events";
import { Provider } from "oidc-provider";

/** A port that nobody listens on at the moment. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Starts it. `people` maps what is typed as login to the claims; change them while it runs. */
export async function startProvider(port, desk, people) {
  const issuer = `http://127.0.0.1:${port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "desk",
        client_secret: "a secret that both sides know",
        redirect_uris: [`${desk}/sign-in/from/example`],
        post_logout_redirect_uris: [`${desk}/sign-in`],
        backchannel_logout_uri: `${desk}/sign-in/from/example/ended`,
        backchannel_logout_session_required: true,
        response_types: ["code"],
        grant_types: ["authorization_code"],
      },
    ],
    claims: { openid: ["sub"], profile: ["name", "preferred_username"], email: ["email", "email_verified"], groups: ["groups"] },
    cookies: { keys: ["journeys"] },
    features: { backchannelLogout: { enabled: true } },
    pkce: { required: () => true },
    // it refuses to tell addresses of this machine that somebody signed out; here the desk is at one
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),
    findAccount: async (_, id) => people.has(id) && { accountId: id, claims: async () => ({ sub: id, ...people.get(id) }) },
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
      grant.addOIDCScope("openid profile email groups");
      await grant.save();
      return grant;
    },
  });
  const server = provider.listen(port, "127.0.0.1");
  await once(server, "listening");
  const stop = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return { issuer, stop };
}
