// sigstore-js as a program: `client.mjs sign|attest|verify ARGUMENT...`, with files instead of a TUF
// repository. Exits 1 when it refuses.

import { readFileSync, writeFileSync } from 'node:fs';
import { bundleFromJSON, bundleToJSON } from '@sigstore/bundle';
import { SigningConfig, TrustedRoot } from '@sigstore/protobuf-specs';
import { bundleBuilderFromSigningConfig } from '@sigstore/sign';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';

const read = (path) => JSON.parse(readFileSync(path, 'utf8'));
const trust = read(process.env.TRUST_CONFIG);
const verbs = { sign, attest, verify };

// sign FILE BUNDLE TOKEN
async function sign(file, bundle, token) {
  await make('messageSignature', { data: readFileSync(file) }, bundle, token);
}

// attest STATEMENT BUNDLE TOKEN
async function attest(statement, bundle, token) {
  const envelope = { data: readFileSync(statement), type: 'application/vnd.in-toto+json' };
  await make('dsseEnvelope', envelope, bundle, token);
}

async function make(bundleType, artifact, bundle, token) {
  const builder = bundleBuilderFromSigningConfig({
    signingConfig: SigningConfig.fromJSON(trust.signingConfig),
    identityProvider: { getToken: async () => token },
    bundleType,
  });
  const made = await builder.create(artifact);
  writeFileSync(bundle, JSON.stringify(bundleToJSON(made)));
}

// verify BUNDLE FILE IDENTITY ISSUER
function verify(bundle, file, identity, issuer) {
  const material = toTrustMaterial(TrustedRoot.fromJSON(trust.trustedRoot));
  const exactly = identity.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const entity = toSignedEntity(bundleFromJSON(read(bundle)), readFileSync(file));
  const signer = new Verifier(material).verify(entity, {
    subjectAlternativeName: `^${exactly}$`,
    extensions: { issuer },
  });
  console.log(`verified ${signer.identity?.subjectAlternativeName}`);
}

const [verb, ...given] = process.argv.slice(2);
try {
  await verbs[verb](...given);
} catch (error) {
  console.error(`refused: ${error.code ?? error.name}: ${error.message}`);
  for (let cause = error.cause; cause; cause = cause.cause) console.error(`  ${cause.message}`);
  process.exit(1);
}
