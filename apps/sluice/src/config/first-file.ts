/** What the schema is called beside a `sluice.yaml`. */
export const SCHEMA_FILE = "sluice.schema.json";

/** The first `sluice.yaml`: it means what the environment's variables would mean, and shows the rest. */
export const FIRST_FILE = `# yaml-language-server: $schema=./${SCHEMA_FILE}
#
# What Sluice moves, and where to. Check it with: sluice config check
# A running \`sluice up\` takes a changed file up by itself. Secrets stay out of it: \${NAME} is the environment's variable
# (or .env's) of that name.

accounts:
  # A Qualys subscription, under a name of yours. All its connectors share its call budget.
  main:
    # The platform (US1 ... KSA1), or the gateway's address: https://gateway.qg1.apps.qualys.com
    gateway: \${QUALYS_GATEWAY_URL}
    # platform: EU2                             # instead of gateway
    username: \${QUALYS_USERNAME}
    password: \${QUALYS_PASSWORD}
    # passwordFile: secrets/password            # instead of password: a file that holds it
    # redisName: production                     # left out, the gateway's host
    # calls: { pacing: spread, reserved: 10 }   # what is left out is as SLUICE_PACING and SLUICE_CALLS_* say

    # A client signs in without username and password.
    # auth: oauth                               # or oidc
    # clientId: \${QUALYS_CLIENT_ID}
    # clientSecret: \${QUALYS_CLIENT_SECRET}
    # clientSecretFile: secrets/client          # instead of clientSecret

connectors:
  # A webhook connector, under a name of yours: sluice push --connector inventory
  inventory:
    description: All hosts of the inventory
    # Its UUID, from its page in Qualys (Integrations, Webhook, Manage).
    uuid: \${QUALYS_CONNECTOR_UUID}
    # account: main            # whose it is; needed where there are several
    # enabled: false           # takes nothing and sends nothing; what waits stays

    # What sluice push reads where it is given no files; paths begin at the folder of this file.
    # files: [exports/*.json]
    # format: json             # or ndjson, csv; instead of recognising it
    # at: data.hosts           # where a JSON document has the records
    # encoding: windows-1252   # of text that is neither UTF-8 nor UTF-16
    # lane: backfill           # live goes before backfill

    # How its records become assets, where they have other names: YAML or TypeScript (docs/mapping-guide.md).
    # mapping: devices.mapping.yaml

    # What a record's key is: the first of these fields that it has.
    # keyFields: [id, asset_id, uuid, serial, hostname, mac, ip]
    # hardwareUuid: derived    # or source-only: none where the record has none
    # macFormat: string        # or array
    # dateFormat: epoch-ms     # or epoch-ms-string, iso-8601
    # optionalFields: [coreAttributes.domain]
    # source: WEBHOOK          # the source that its calls name to Qualys

    # How its assets share calls.
    # batch: { assets: 100, bytes: 1000000, lingerMs: 2000 }
`;
