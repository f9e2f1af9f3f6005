-- settle: decides every asset of one chunk and takes the chunk off the books' pending.
-- Atomic because each decision rests on the outbox, the flights, the ledger and the letters as they are now.
-- A chunk that is gone was settled before: nothing changes.
-- ARGV: sequence, table of entries, body of the segment, assets coalesced within the chunk,
--   warnings as JSON {code: count}, dead letters, then for each of them: id, version, JSON, "line source" if malformed, then
--   for each asset known to be refused: its entry (from 0), its letter's JSON
-- Returns: {gone} | {refused, then for each asset that is and has no letter: its entry, why as JSON}: nothing is changed
--   | {ok, waiting, parked, unchanged, coalesced, dead}
local sequence, entries, body = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local chunkKey = P .. 'chunk:' .. sequence
local chunk = redis.call('HMGET', chunkKey, 'r', 'c', 'l', 'n', 'b')
if not chunk[1] then return { 'gone' } end
local run, connector, lane, raw = chunk[1], chunk[2], chunk[3], chunk[5]

local nowMs = readClock()
local count, buried = #entries / ENTRY_BYTES, tonumber(ARGV[6])
assert(count + tonumber(ARGV[4]) + buried == tonumber(chunk[4]), 'the settlement is not the whole chunk')
local ids = {}
for i = 0, count - 1 do ids[i + 1] = string.sub(entries, i * ENTRY_BYTES + 1, i * ENTRY_BYTES + 16) end
local indexKey, parkedKey = P .. 'index:' .. connector, P .. 'parked:' .. connector
local waitingPlaces, parkedPlaces = lookUp(indexKey, ids), lookUp(parkedKey, ids)
local flights = lookUp(P .. 'inflight:' .. connector, ids)
local letters, refused = lookUp(P .. 'dead:' .. connector, ids), lookUp(P .. 'refused:' .. connector, ids)

local FIRST_DEAD = 7
local refusedLetters = {}
for i = FIRST_DEAD + buried * 4, #ARGV, 2 do refusedLetters[tonumber(ARGV[i]) + 1] = ARGV[i + 1] end
local unknown = { 'refused' }
for i = 1, count do
  local _, fingerprint = entryAt(entries, i - 1)
  local why = refusalOf(refused[i], fingerprint)
  if why and not refusedLetters[i] then
    unknown[#unknown + 1] = i - 1
    unknown[#unknown + 1] = why
  end
end
if #unknown > 1 then return unknown end

local waiting, parked = {}, {}
local result = { waiting = 0, parked = 0, unchanged = 0, coalesced = tonumber(ARGV[4]), dead = 0 }

local function isSuperseded(i, version, sentVersion)
  return (sentVersion and sentVersion >= version)
    or (waitingPlaces[i] and unpack6(waitingPlaces[i], 1) >= version)
    or (parkedPlaces[i] and unpack6(parkedPlaces[i], 1) >= version)
    or (flights[i] and unpack6(flights[i], 1) >= version)
end

local function decide(i)
  local id, fingerprint, version = entryAt(entries, i - 1)
  local sent, sentVersion, sentCall = readLedger(connector, id)
  if isSuperseded(i, version, sentVersion) then return 'coalesced' end
  -- Also while an older version is in flight: whatever becomes of that one, this one needs no call.
  if sent ~= fingerprint and refusalOf(refused[i], fingerprint) then
    buryRefused(connector, id, version, fingerprint, run, refusedLetters[i], nowMs)
    return 'dead'
  end
  if flights[i] then
    if parkedPlaces[i] then coalesce(parkedPlaces[i]) end
    parked[#parked + 1] = id
    parked[#parked + 1] = packPlace(version, sequence, i - 1)
    return 'parked'
  end
  if sent == fingerprint then
    writeLedger(connector, id, fingerprint, version, sentCall)
    forgetLetter(connector, id, letters[i], version)
    if waitingPlaces[i] then
      coalesce(waitingPlaces[i])
      redis.call('HDEL', indexKey, id)
    end
    return 'unchanged'
  end
  if waitingPlaces[i] then coalesce(waitingPlaces[i]) end
  waiting[#waiting + 1] = id
  waiting[#waiting + 1] = packPlace(version, sequence, i - 1)
  return 'waiting'
end

for i = 1, count do
  local outcome = decide(i)
  result[outcome] = result[outcome] + 1
end

if result.waiting > 0 then redis.call('HSET', indexKey, unpack(waiting)) end
if result.parked > 0 then redis.call('HSET', parkedKey, unpack(parked)) end
if result.waiting + result.parked > 0 then
  local bytes = #entries + #body + #raw
  redis.call('HSET', P .. 'seg:' .. sequence, 'b', body, 'f', string.byte(body), 't', entries, 'raw', raw, 'r', run, 'c', connector, 'l', lane,
    'at', nowMs, 'z', bytes, 'cur', 0, 'left', result.waiting + result.parked)
  addBytes('outbox', connector, lane, bytes)
end
if result.waiting > 0 then
  redis.call('RPUSH', P .. 'outbox:' .. connector .. ':' .. lane, sequence)
  redis.call('SADD', P .. 'backlog', connector)
  wake()
end

local function isMalformed(at) return ARGV[at + 3] ~= '' end
local malformed, beyond = 0, {}
for at = FIRST_DEAD, FIRST_DEAD + buried * 4 - 1, 4 do
  if isMalformed(at) then malformed = malformed + 1 end
end
local room = malformed > 0 and takeMalformed(run, malformed) or 0
for at = FIRST_DEAD, FIRST_DEAD + buried * 4 - 1, 4 do
  if isMalformed(at) then room = room - 1 end
  if isMalformed(at) and room < 0 then
    beyond[#beyond + 1] = ARGV[at + 3]
  else
    local version = tonumber(ARGV[at + 1])
    bury(connector, ARGV[at], version, sealLetter(version, '-', run, ARGV[at + 2]), nowMs)
  end
end
noteLines(run, beyond)
result.dead = result.dead + buried

for _, outcome in ipairs({ 'unchanged', 'coalesced', 'dead' }) do book(run, outcome, result[outcome]) end
for code, warned in pairs(cjson.decode(ARGV[5])) do book(run, 'warning ' .. code, warned) end
addBytes('intake', connector, lane, -#raw)
redis.call('DEL', chunkKey)
redis.call('ZREM', P .. 'chunks', sequence)
redis.call('ZREM', P .. 'later:' .. connector, sequence)
closeLedgers()
writeBooks(nowMs)
return { 'ok', result.waiting, result.parked, result.unchanged, result.coalesced, result.dead }
