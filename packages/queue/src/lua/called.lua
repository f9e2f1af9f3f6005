-- called: settles a call: what the governor learned from its answer, with the hold that follows, and what it means for the
-- connector and for the books. Atomic because the hold must be in force before the slot is free: no call may slip between.
-- ARGV: see part/governor.lua; then batch, outcome (the verdict's kind), log entry as JSON, bytesMax (0: none learned)
-- Returns: {ok | again | moved}
local committed = commitGovernor()
if committed ~= 'ok' then return { committed } end
local batch, outcome, learned = ARGV[8], ARGV[9], tonumber(ARGV[11])
local nowMs = readClock()
redis.call('XADD', P .. 'log', 'MAXLEN', '~', 10000, '*', 'call', ARGV[10])

-- A learned ceiling recovers slowly, so that a passing refusal does not leave small batches for ever, while a real
-- limit is met again only every thirty calls or so.
local function raiseCeiling(connectorKey)
  local ceiling = tonumber(redis.call('HGET', connectorKey, 'bytesMax') or '0')
  if ceiling > 0 then redis.call('HSET', connectorKey, 'bytesMax', math.ceil(math.max(ceiling * 1.01, ceiling + 512))) end
end

local stored = redis.call('HMGET', P .. 'batch:' .. batch, 'c', 'm', 'runs')
if not stored[1] then return { committed } end
local connectorKey = P .. 'connector:' .. stored[1]
if outcome == 'accepted' or outcome == 'accepted-in-part' then
  redis.call('HDEL', connectorKey, 'refusals')
  redis.call('HSET', connectorKey, 'trusted', 1)
  raiseCeiling(connectorKey)
end
if outcome == 'refused' then redis.call('HINCRBY', connectorKey, 'refusals', 1) end
if learned > 0 then
  local before = tonumber(redis.call('HGET', connectorKey, 'bytesMax') or ARGV[11])
  redis.call('HSET', connectorKey, 'bytesMax', math.min(before, learned))
end
local runs, booked = linesOf(stored[3]), {}
for i = 0, #stored[2] / MEMBER_BYTES - 1 do
  local _, _, _, run = memberAt(stored[2], i)
  if not booked[run] then
    booked[run] = true
    book(runs[run], 'calls', 1)
    if outcome == 'limited' then book(runs[run], 'limited', 1) end
    if outcome == 'unknown' then book(runs[run], 'ambiguous', 1) end
  end
end
writeBooks(nowMs)
return { committed }
