-- acknowledge: ends a batch: what was taken goes into the ledger, what was not into the dead letters, and the
-- newer versions that were parked meanwhile are decided again.
-- Atomic because an accepted asset is either in the ledger or its batch is still unsettled, never neither.
-- A canary was taken before: whatever became of it, it is on no books, and the ledger has it already.
-- ARGV: batch, call, place of an asset that was taken and can serve as a canary (-1: none), its body, then for each asset not
--   taken: its place in the batch (from 0), its letter's JSON, why as JSON
-- Returns: {gone} (acknowledged before) | {ok, delivered, dead, assets decided of late, those of them refused}
local batch, call = ARGV[1], tonumber(ARGV[2])
local stored = redis.call('HMGET', P .. 'batch:' .. batch, 'c', 'm', 'runs', 's', 'canary', 'suspect', 'ambiguous')
if not stored[1] then return { 'gone' } end
local isCanary, isSuspect, isAmbiguous = stored[5], stored[6], stored[7]
local connector, members, runs, places = stored[1], stored[2], linesOf(stored[3]), stored[4] or ''

local nowMs = readClock()
local rejected, why = {}, {}
for i = 5, #ARGV, 3 do
  local position = tonumber(ARGV[i])
  rejected[position], why[position] = ARGV[i + 1], ARGV[i + 2]
end
local count = #members / MEMBER_BYTES
local ids = {}
for i = 0, count - 1 do ids[i + 1] = (memberAt(members, i)) end
local parkedKey = P .. 'parked:' .. connector
local letters = lookUp(P .. 'dead:' .. connector, ids)
local parkedPlaces = lookUp(parkedKey, ids)

-- An answer that never came may have been a yes, so nobody knows what Qualys has: nothing that is loaded later is unchanged.
local function forgetFingerprint(id)
  local sent, sentVersion, sentCall = readLedger(connector, id)
  if sent then writeLedger(connector, id, string.rep('\0', 8), sentVersion, sentCall) end
end

-- The newest asset that was taken is the best canary: it is the least likely to have changed.
local function keepCanary(position)
  local at = position * MEMBER_BYTES
  local member = string.sub(members, at + 1, at + MEMBER_BYTES - 2) .. struct.pack('>I2', 0)
  redis.call('HSET', P .. 'connector:' .. connector, 'canary', member .. ARGV[4])
  redis.call('HDEL', P .. 'connector:' .. connector, 'vouched')
end

local delivered = 0
for i = 0, isCanary and -1 or count - 1 do
  local id, fingerprint, version, run = memberAt(members, i)
  if rejected[i] then
    if isAmbiguous then forgetFingerprint(id) end
    buryRefused(connector, id, version, fingerprint, runs[run], rejected[i], nowMs)
    rememberRefusal(connector, id, fingerprint, why[i])
    book(runs[run], 'dead', 1)
  else
    writeLedger(connector, id, fingerprint, version, call)
    forgetLetter(connector, id, letters[i + 1], version)
    book(runs[run], 'delivered', 1)
    delivered = delivered + 1
  end
end
redis.call('HDEL', P .. 'inflight:' .. connector, unpack(ids))
if not isCanary and tonumber(ARGV[3]) >= 0 then keepCanary(tonumber(ARGV[3])) end
if isSuspect then countSuspects(-count) end
if isCanary then redis.call('HDEL', P .. 'connector:' .. connector, 'canaryBatch') end
-- Refused once, it is no measure any more.
if isCanary and rejected[0] then redis.call('HDEL', P .. 'connector:' .. connector, 'canary') end

-- A parked version meets the ledger and the letters as this batch has left them.
local waiting, unparked = {}, {}
local function unpark(position, id, place)
  local _, inFlight = memberAt(members, position)
  local version, segment, position = unpackPlace(place)
  local segmentKey = P .. 'seg:' .. segment
  local segmentHeader = redis.call('HMGET', segmentKey, 't', 'l')
  local _, fingerprint = entryAt(segmentHeader[1], position)
  local sent, sentVersion, sentCall = readLedger(connector, id)
  if sent == fingerprint then
    writeLedger(connector, id, fingerprint, version, sentCall)
    forgetLetter(connector, id, redis.call('HGET', P .. 'dead:' .. connector, id), version)
    book(runOf(segment), 'unchanged', 1)
    release(segment, 1)
  elseif rejected[position] and not isCanary and fingerprint == inFlight then
    buryRefused(connector, id, version, fingerprint, runOf(segment), rejected[position], nowMs)
    book(runOf(segment), 'dead', 1)
    release(segment, 1)
  else
    waiting[#waiting + 1] = id
    waiting[#waiting + 1] = place
    redis.call('RPUSH', P .. 'ready:' .. connector .. ':' .. segmentHeader[2], pack6(segment) .. struct.pack('>I2', position))
  end
end

for i = 1, count do
  if parkedPlaces[i] then
    unparked[#unparked + 1] = ids[i]
    unpark(i - 1, ids[i], parkedPlaces[i])
  end
end
if #unparked > 0 then redis.call('HDEL', parkedKey, unpack(unparked)) end
if #waiting > 0 then
  redis.call('HSET', P .. 'index:' .. connector, unpack(waiting))
  redis.call('SADD', P .. 'backlog', connector)
end

-- The records themselves are not needed any more.
local entries = {}
for at = 1, #places, PLACE_BYTES do
  local segment = unpack6(places, at)
  entries[segment] = (entries[segment] or 0) + 1
end
for segment, left in pairs(entries) do release(segment, left) end

-- Of so many assets decided of late, how many were refused: what is older counts for less and less.
local DECIDED_MAX = 2000
local function countDecided()
  if isCanary then return 0, 0 end
  local key = P .. 'connector:' .. connector
  local decided, refused = redis.call('HINCRBY', key, 'decided', count), redis.call('HINCRBY', key, 'refused', count - delivered)
  if decided > DECIDED_MAX then
    redis.call('HSET', key, 'decided', math.floor(decided / 2), 'refused', math.floor(refused / 2))
  end
  return decided, refused
end
local decided, refused = countDecided()

removeBatch(batch)
closeLedgers()
writeBooks(nowMs)
wake()
return { 'ok', delivered, isCanary and 0 or count - delivered, decided, refused }
