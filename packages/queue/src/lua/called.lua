-- called: settles a call: what the governor learned from its answer, with the hold that follows, and what it means for the
-- connector and for the books. Atomic because the hold must be in force before the slot is free: no call may slip between.
-- ARGV: see part/governor.lua; then batch, outcome (the verdict's kind), log entry as JSON, bytesMax (0: none learned), call,
--   failures and doubt of the batch as JSON (empty: none)
-- Returns: {ok | again | moved}
local committed = commitGovernor()
if committed ~= 'ok' then return { committed } end
local batch, outcome, learned, call = ARGV[8], ARGV[9], tonumber(ARGV[11]), tonumber(ARGV[12])
local batchKey = P .. 'batch:' .. batch
local nowMs = readClock()
redis.call('XADD', P .. 'log', 'MAXLEN', '~', 10000, '*', 'call', ARGV[10])

-- A learned ceiling recovers slowly, so that a passing refusal does not leave small batches for ever, while a real
-- limit is met again only every thirty calls or so.
local function raiseCeiling(connectorKey)
  local ceiling = tonumber(redis.call('HGET', connectorKey, 'bytesMax') or '0')
  if ceiling > 0 then redis.call('HSET', connectorKey, 'bytesMax', math.ceil(math.max(ceiling * 1.01, ceiling + 512))) end
end

-- The newest call that failed, and the newest one before it that failed with another batch.
local function noteFailure(connectorKey)
  local last = redis.call('HGET', connectorKey, 'failed')
  local lastCall, lastBatch = string.match(last or '', '^(%d+) (%d+)$')
  if lastBatch and lastBatch ~= batch then redis.call('HSET', connectorKey, 'failedBefore', last) end
  redis.call('HSET', connectorKey, 'failed', string.format('%.0f %s', call, batch))
end

-- What the batch has met with: it decides what happens to it when it is looked at again.
local function noteTrouble()
  for field, json in pairs({ failures = ARGV[13], doubt = ARGV[14] }) do
    if json == '' then redis.call('HDEL', batchKey, field) else redis.call('HSET', batchKey, field, json) end
  end
  if outcome == 'unknown' then redis.call('HSET', batchKey, 'ambiguous', 1) end
end

local stored = redis.call('HMGET', batchKey, 'c', 'm', 'runs')
if not stored[1] then return { committed } end
local connectorKey = P .. 'connector:' .. stored[1]
noteTrouble()
if outcome == 'accepted' or outcome == 'accepted-in-part' then
  redis.call('HDEL', connectorKey, 'refusals')
  local newest = math.max(call, tonumber(redis.call('HGET', connectorKey, 'acceptedCall') or '0'))
  redis.call('HSET', connectorKey, 'acceptedCall', newest)
  raiseCeiling(connectorKey)
end
if outcome == 'unavailable' or outcome == 'unknown' then noteFailure(connectorKey) end
if outcome == 'refused' then redis.call('HINCRBY', connectorKey, 'refusals', 1) end
if learned > 0 then
  local before = tonumber(redis.call('HGET', connectorKey, 'bytesMax') or ARGV[11])
  redis.call('HSET', connectorKey, 'bytesMax', math.min(before, learned))
end
local runs, booked = linesOf(stored[3]), {}
for i = 0, #stored[2] / MEMBER_BYTES - 1 do
  local _, _, _, number = memberAt(stored[2], i)
  local run = math.max(1, number)
  if not booked[run] then
    booked[run] = true
    book(runs[run], 'calls', 1)
    if outcome == 'limited' then book(runs[run], 'limited', 1) end
    if outcome == 'unknown' then book(runs[run], 'ambiguous', 1) end
  end
end
writeBooks(nowMs)
return { committed }
