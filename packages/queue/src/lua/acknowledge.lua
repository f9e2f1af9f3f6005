-- acknowledge: ends a batch: what was taken goes into the ledger, what was not into the dead letters, and the
-- newer versions that were parked meanwhile are decided again.
-- Atomic because an accepted asset is either in the ledger or its batch is still unsettled, never neither.
-- ARGV: batch, call, then for each asset not taken: its place in the batch (from 0), its letter's JSON
-- Returns: {gone} (acknowledged before) | {ok, delivered, dead}
local batch, call = ARGV[1], tonumber(ARGV[2])
local stored = redis.call('HMGET', P .. 'batch:' .. batch, 'c', 'm', 'runs', 's')
if not stored[1] then return { 'gone' } end
local connector, members, runs, places = stored[1], stored[2], linesOf(stored[3]), stored[4] or ''

local nowMs = readClock()
local rejected = {}
for i = 3, #ARGV, 2 do rejected[tonumber(ARGV[i])] = ARGV[i + 1] end
local count = #members / MEMBER_BYTES
local ids = {}
for i = 0, count - 1 do ids[i + 1] = (memberAt(members, i)) end
local refusedKey, parkedKey = P .. 'refused:' .. connector, P .. 'parked:' .. connector
local letters = lookUp(P .. 'dead:' .. connector, ids)
local parkedPlaces = lookUp(parkedKey, ids)

local delivered = 0
for i = 0, count - 1 do
  local id, fingerprint, version, run = memberAt(members, i)
  if rejected[i] then
    buryRefused(connector, id, version, fingerprint, runs[run], rejected[i], nowMs)
    book(runs[run], 'dead', 1)
  else
    writeLedger(connector, id, fingerprint, version, call)
    forgetLetter(connector, id, letters[i + 1], version)
    book(runs[run], 'delivered', 1)
    delivered = delivered + 1
  end
end
redis.call('HDEL', P .. 'inflight:' .. connector, unpack(ids))

-- A parked version meets the ledger and the letters as this batch has left them.
local waiting, unparked = {}, {}
local function unpark(id, place)
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
  elseif buryIfRefusedBefore(connector, id, version, fingerprint, runOf(segment), redis.call('HGET', refusedKey, id), nowMs) then
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
    unpark(ids[i], parkedPlaces[i])
  end
end
if #unparked > 0 then redis.call('HDEL', parkedKey, unpack(unparked)) end
if #waiting > 0 then
  redis.call('HSET', P .. 'index:' .. connector, unpack(waiting))
  redis.call('SADD', P .. 'backlog', connector)
end

for at = 1, #places, PLACE_BYTES do release(unpack6(places, at), 1) end
removeBatch(batch)
closeLedgers()
writeBooks(nowMs)
wake()
return { 'ok', delivered, count - delivered }
