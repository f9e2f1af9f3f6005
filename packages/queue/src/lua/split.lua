-- split: makes smaller batches of one that was refused or is too large; its assets stay in flight.
-- Atomic because an asset must never be in two batches, nor in none.
-- ARGV: batch, isSuspect (1: it was found guilty, and its parts are suspects), then for each part: assets, requestId, body
-- Returns: {gone} | {ok, number of each new batch}
local batch = ARGV[1]
local stored = redis.call('HMGET', P .. 'batch:' .. batch, 'c', 'm', 'runs', 'l', 's', 'suspect', 'ambiguous')
if not stored[1] then return { 'gone' } end
local connector, members, places = stored[1], stored[2], stored[5] or ''
local total = 0
for i = 3, #ARGV, 3 do total = total + tonumber(ARGV[i]) end
-- Before the first write: a script that fails undoes nothing.
assert(total * MEMBER_BYTES == #members, 'the parts are not the whole')

local nowMs = readClock()
local isSuspect = stored[6] or ARGV[2] == '1'
if isSuspect and not stored[6] then countSuspects(total) end
local parts = { 'ok' }
local done = 0
for i = 3, #ARGV, 3 do
  local assets, requestId, body = tonumber(ARGV[i]), ARGV[i + 1], ARGV[i + 2]
  local part = redis.call('INCR', P .. 'batchnumber')
  local slice = string.sub(members, done * MEMBER_BYTES + 1, (done + assets) * MEMBER_BYTES)
  local sliceOfPlaces = string.sub(places, done * PLACE_BYTES + 1, (done + assets) * PLACE_BYTES)
  done = done + assets
  local flights, booked = {}, {}
  for j = 0, assets - 1 do
    local id, _, version, run = memberAt(slice, j)
    flights[#flights + 1] = id
    flights[#flights + 1] = pack6(version) .. pack6(part)
    booked[run] = true
  end
  redis.call('HSET', P .. 'inflight:' .. connector, unpack(flights))
  redis.call('HSET', P .. 'batch:' .. part, 'c', connector, 'n', assets, 'q', requestId, 'at', nowMs, 'z', #body,
    'm', slice, 's', sliceOfPlaces, 'b', body, 'runs', stored[3], 'l', stored[4])
  if isSuspect then redis.call('HSET', P .. 'batch:' .. part, 'suspect', 1) end
  if stored[7] then redis.call('HSET', P .. 'batch:' .. part, 'ambiguous', 1) end
  addBytes('batches', connector, stored[4], #body)
  redis.call('ZADD', P .. 'batches', nowMs, part)
  local runs = linesOf(stored[3])
  for run in pairs(booked) do book(runs[run], 'batches', 1) end
  parts[#parts + 1] = part
end
removeBatch(batch)
writeBooks(nowMs)
return parts
