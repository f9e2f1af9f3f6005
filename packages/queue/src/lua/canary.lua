-- canary: makes a batch of one asset that Qualys took before, to tell whether a doubtful batch or the connector is to blame.
-- Atomic because its key is in flight from now on, so that no older version of it follows a newer one.
-- The asset has to be the newest version, or sending it would be a step back.
-- ARGV: doubtful batch, requestId
-- Returns: {sent, batch} (one is on its way) | {held, delayMs} | {none, other unsettled batches of the connector} | {gone}
local doubtful, requestId = ARGV[1], ARGV[2]
local stored = redis.call('HMGET', P .. 'batch:' .. doubtful, 'c', 'runs')
local connector = stored[1]
if not connector then return { 'gone' } end
local connectorKey = P .. 'connector:' .. connector
local nowMs = readClock()
local holds = readHolds()
local delayMs = math.max(heldMs(holds, connector, nowMs) or 0, heldMs(holds, 'account', nowMs) or 0)
if delayMs > 0 then return { 'held', math.ceil(delayMs) } end

local known = redis.call('HMGET', connectorKey, 'canary', 'canaryBatch')
if known[2] and redis.call('EXISTS', P .. 'batch:' .. known[2]) == 1 then return { 'sent', tonumber(known[2]) } end
-- What another connector's batch meets with decides nothing here, and that one may wait for this.
local others = -1
for _, batch in ipairs(redis.call('ZRANGE', P .. 'batches', 0, -1)) do
  if redis.call('HGET', P .. 'batch:' .. batch, 'c') == connector then others = others + 1 end
end
if not known[1] then return { 'none', others } end

local id, fingerprint, version, _, body = canaryOf(known[1])
local sent, sentVersion = readLedger(connector, id)
local isNewest = sent == fingerprint and sentVersion == version
  and redis.call('HEXISTS', P .. 'inflight:' .. connector, id) == 0
  and redis.call('HEXISTS', P .. 'index:' .. connector, id) == 0
if not isNewest then
  redis.call('HDEL', connectorKey, 'canary')
  return { 'none', others }
end
local batch = redis.call('INCR', P .. 'batchnumber')
redis.call('HSET', P .. 'inflight:' .. connector, id, pack6(version) .. pack6(batch))
redis.call('HSET', P .. 'batch:' .. batch, 'c', connector, 'n', 1, 'q', requestId, 'at', nowMs, 'z', #body, 'l', 'live',
  'm', string.sub(known[1], 1, MEMBER_BYTES), 'b', body, 'runs', stored[2], 'canary', 1)
addBytes('batches', connector, 'live', #body)
redis.call('ZADD', P .. 'batches', nowMs, batch)
redis.call('HSET', connectorKey, 'canaryBatch', batch)
return { 'sent', batch }
