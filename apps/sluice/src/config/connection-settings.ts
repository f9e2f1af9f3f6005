import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseProxy, type CsamOptions, type Proxy } from "@sluice/csam";
import {
  clientSettings,
  ConfigError,
  loadConfig,
  signInSettings,
  userSettings,
  type Secret,
} from "@sluice/service";
import { z } from "zod";
import { together, type Environment } from "./variables.ts";

export type SignIn = Pick<CsamOptions, "credentials">;
export type Network = Required<Pick<CsamOptions, "certificateAuthorities" | "proxy">>;

const { QUALYS_AUTH, ...networkShape } = signInSettings.shape;
const networkSchema = z.object(networkShape);
const userSchema = z.object({ QUALYS_AUTH, ...userSettings.shape });
const clientSchema = z.object({ QUALYS_AUTH, ...clientSettings.shape });

const CERTIFICATES = /-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----/gs;

/** Who signs in, and by which way. Throws a `ConfigError` with every mistake. */
export function readConnection(environment: Environment): SignIn & Network {
  const [signIn, network] = together(
    () => readSignIn(environment),
    () => readNetwork(environment),
  );
  return { ...signIn, ...network };
}

/** Who signs in. Which credentials have to be there, `QUALYS_AUTH` says. Throws a `ConfigError` with every mistake. */
export function readSignIn(environment: Environment): SignIn {
  const auth = environment["QUALYS_AUTH"]?.trim();
  if (auth === "oauth" || auth === "oidc") {
    const config = loadConfig(clientSchema, environment);
    const { QUALYS_CLIENT_ID: clientId, QUALYS_CLIENT_SECRET: clientSecret } = config;
    return { credentials: { kind: auth, clientId, clientSecret } };
  }
  const config = loadConfig(userSchema, environment);
  const { QUALYS_USERNAME: username, QUALYS_PASSWORD: password } = config;
  return { credentials: { kind: "password", username, password } };
}

/** The way to Qualys. Throws a `ConfigError` with every mistake. */
export function readNetwork(environment: Environment): Network {
  const { QUALYS_CA_FILE: caFile, QUALYS_PROXY: own } = loadConfig(networkSchema, environment);
  const [certificateAuthorities, proxy] = together(
    () => (caFile === undefined ? [] : readCertificates(caFile)),
    () => readProxy(own, environment),
  );
  return { certificateAuthorities, proxy };
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
