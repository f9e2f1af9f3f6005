import type { FastifyInstance } from "fastify";
import type { Account } from "../account.ts";
import { addAccountRoutes } from "./account-routes.ts";
import { addAssetRoutes } from "./asset-routes.ts";
import { addAuditRoutes } from "./audit-routes.ts";
import { addConnectorRoutes } from "./connector-routes.ts";
import { addEventRoutes } from "./event-routes.ts";

/** The sandbox's own API, as docs/sandbox-api.md describes it. */
export function addApiRoutes(app: FastifyInstance, account: Account): void {
  addAccountRoutes(app, account);
  addConnectorRoutes(app, account);
  addAssetRoutes(app, account);
  addAuditRoutes(app, account);
  addEventRoutes(app, account);
}
