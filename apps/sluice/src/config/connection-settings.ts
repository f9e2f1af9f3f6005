import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseProxy, type Credentials, type CsamOptions, type Proxy } from "@sluice/csam";
import {
  clientSettings,
  ConfigError,
  loadConfig,
  signInSettings,
  userSettings,
  type Secret,
} from "@sluice/service";
import { z } from "zod";

type Environment = Readonly<Record<string, string | undefined>>;

const userSchema = z.object({ ...signInSettings.shape, ...userSettings.shape });
const clientSchema = z.object({ ...signInSettings.shape, ...clientSettings.shape });

const CERTIFICATES = /-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----/gs;

/**
 * Who signs in, and by which way. Which credentials have to be there, `QUALYS_AUTH` says. Throws a `ConfigError` with every
 * mistake.
 */
export function readConnection(
  environment: Environment,
): Required<Pick<CsamOptions, "credentials" | "certificateAuthorities" | "proxy">> {
  const { credentials, caFile, proxy } = readSignIn(environment);
  return {
    credentials,
    certificateAuthorities: caFile === undefined ? [] : readCertificates(caFile),
    proxy: readProxy(proxy, environment),
  };
}

function readSignIn(environment: Environment): {
  credentials: Credentials;
  caFile: string | undefined;
  proxy: Secret | undefined;
} {
  const auth = environment["QUALYS_AUTH"]?.trim();
  if (auth === "oauth" || auth === "oidc") {
    const config = loadConfig(clientSchema, environment);
    const { QUALYS_CLIENT_ID: clientId, QUALYS_CLIENT_SECRET: clientSecret } = config;
    const credentials: Credentials = { kind: auth, clientId, clientSecret };
    return { credentials, caFile: config.QUALYS_CA_FILE, proxy: config.QUALYS_PROXY };
  }
  const config = loadConfig(userSchema, environment);
  const { QUALYS_USERNAME: username, QUALYS_PASSWORD: password } = config;
  const credentials: Credentials = { kind: "password", username, password };
  return { credentials, caFile: config.QUALYS_CA_FILE, proxy: config.QUALYS_PROXY };
}

function readCertificates(path: string): readonly string[] {
  try {
    const certificates = readFileSync(path, "utf8").match(CERTIFICATES) ?? [];
    if (certificates.length === 0) throw new Error("it holds no certificate in PEM");
    return certificates.map((text) => new X509Certificate(text).toString());
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError([`QUALYS_CA_FILE: cannot use "${path}" (${reason}); check the path`]);
  }
}

/** A proxy of our own is for every gateway; that of the environment is not for the hosts in `NO_PROXY`. */
function readProxy(own: Secret | undefined, environment: Environment): Proxy | null {
  const usual = environment["HTTPS_PROXY"] ?? environment["https_proxy"] ?? "";
  try {
    if (own !== undefined) return parseProxy("QUALYS_PROXY", own.reveal());
    if (usual.trim() === "") return null;
    const exceptions = environment["NO_PROXY"] ?? environment["no_proxy"];
    return parseProxy("HTTPS_PROXY", usual.trim(), exceptions);
  } catch (error) {
    throw new ConfigError([error instanceof Error ? error.message : String(error)]);
  }
}
