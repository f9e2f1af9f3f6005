import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Account } from "../account.ts";
import { failure, ok, type Answer } from "../answer.ts";
import {
  connectorChangesSchema,
  newConnectorSchema,
  type KnownConnector,
} from "../connectors/connector.ts";
import { attributeNames } from "../identification/attributes.ts";
import { identificationChangesSchema, nativeKeyRule } from "../identification/rules.ts";
import { addLocalRoute, withBody } from "./local-route.ts";

/** The connectors, and how the assets of each are identified. */
export function addConnectorRoutes(app: FastifyInstance, account: Account): void {
  const { connectors, settings, inventory } = account;
  const known =
    (answer: (connector: KnownConnector, request: FastifyRequest) => Answer | Promise<Answer>) =>
    (request: FastifyRequest) => {
      const { uuid } = request.params as { uuid: string };
      const connector = connectors.find(uuid);
      return connector === undefined
        ? failure(404, `No connector has the UUID "${uuid}"`)
        : answer(connector, request);
    };

  addLocalRoute(app, "GET", "/sandbox/connectors", () =>
    ok({ connectors: connectors.all.map(toShown) }),
  );

  addLocalRoute(app, "POST", "/sandbox/connectors", (request) =>
    withBody(request, newConnectorSchema, (given) => {
      if (!connectors.hasRoom) return failure(400, "There are too many connectors");
      const created = connectors.create({ ...given, enabled: true }, settings.nowMs());
      return ok(toShown(created), 201);
    }),
  );

  addLocalRoute(
    app,
    "GET",
    "/sandbox/connectors/:uuid",
    known((connector) => ok(toShown(connector))),
  );

  addLocalRoute(
    app,
    "PATCH",
    "/sandbox/connectors/:uuid",
    known((connector, request) =>
      withBody(request, connectorChangesSchema, (changes) =>
        ok(toShown(connectors.change(connector, changes))),
      ),
    ),
  );

  addLocalRoute(
    app,
    "GET",
    "/sandbox/connectors/:uuid/identification",
    known((connector) => ok(toIdentification(connector))),
  );

  addLocalRoute(
    app,
    "PUT",
    "/sandbox/connectors/:uuid/identification",
    known((connector, request) =>
      withBody(request, identificationChangesSchema, (identification) => {
        const changed = connectors.identifyBy(connector, identification);
        inventory.indexForRules(account.behaviour.requiredMeans);
        return ok(toIdentification(changed));
      }),
    ),
  );
}

/** A connector without what is the store's and what has a route of its own. */
export function toShown({ id: _id, identification: _identification, ...shown }: KnownConnector) {
  return shown;
}

/** The rules in their order, with the one that nobody can change. */
function toIdentification({ identification }: KnownConnector) {
  const { rules, createUnmanagedAsset, applyDefaultRule } = identification;
  const fixed = { name: nativeKeyRule, attributes: ["sourceNativeKey"], required: true };
  return {
    rules: [
      { ...fixed, isFixed: true },
      ...rules.map(({ name, attributes, required }) => ({
        name,
        attributes,
        required,
        isFixed: false,
      })),
    ],
    createUnmanagedAsset,
    applyDefaultRule,
    attributes: attributeNames,
  };
}
