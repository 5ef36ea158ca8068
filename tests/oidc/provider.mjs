// A certified OpenID provider (oidc-provider) on this machine, for the tests of single sign-on.
//
//   node provider.mjs PORT KEYS BACK_TO DOOR
//
// PORT 0: any. KEYS names the set of keys: another name is another key. It prints one line of JSON when it listens. Everybody
// may sign in by its own development pages: what is typed as login is the person, whose groups are what stands before the @.

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const [port, keys, backTo, door] = process.argv.slice(2);

const server = createServer();
server.listen(Number(port), '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = { ...privateKey.export({ format: 'jwk' }), kid: keys, use: 'sig', alg: 'RS256' };
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'tower',
        client_secret: 'a secret that is long enough to be one',
        redirect_uris: [backTo],
        post_logout_redirect_uris: [door],
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
    ],
    pkce: { required: () => true },
    jwks: { keys: [key] },
    cookies: { keys: [keys] },
    // Groups are in the user information only, as the provider has it by default.
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'groups'] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: id, email_verified: true, name: `Person ${id}`, groups: [id.split('@')[0]] }),
    }),
  });
  server.on('request', provider.callback());
  console.log(JSON.stringify({ issuer }));
});
