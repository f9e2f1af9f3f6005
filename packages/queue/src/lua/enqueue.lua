-- enqueue: stores a chunk, gives it its sequence and enters its records in the run's books.
-- Atomic because a chunk without books, or books without a chunk, would be a loss nobody sees.
-- A producer that asks again after a lost answer gets the sequence it was given. A part of the chunk that a client may
-- send again carries a claim: where one of them is held already, nothing is stored, and the holders are told.
-- ARGV: run, producer, ordinal of the chunk for that producer, records, body, bytesMax, memoryShare: see part/marks.lua,
--   position: how many records the run must have by now (-1: no matter), how long claims are held in ms,
--   then for each claim: its id, fingerprint of the content
-- Returns: {ok, sequence} | {claimed, then for each: index of the claim, run of its content ('': other content)}
--   | {closed, state} | {full} | {moved} | {disabled} (its connector takes nothing)
-- Not run when Redis is out of memory: the draining side goes on, the filling side waits.
local run, producer, ordinal, records, body = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local runKey = P .. 'run:' .. run
local position = tonumber(ARGV[8])
local header = redis.call('HMGET', runKey, 'state', 'c', 'l', 'producer ' .. producer, 'read')
local isOpen = header[1] == 'open'

if isOpen and header[4] then
  local lastOrdinal, lastSequence = string.match(header[4], '^(%d+) (%d+)$')
  if tonumber(lastOrdinal) >= ordinal then return { 'ok', tonumber(lastSequence) } end
end

local FIRST_CLAIM = 10
local claimed = { 'claimed' }
for i = FIRST_CLAIM, #ARGV, 2 do
  local held = redis.call('GET', P .. 'claim:' .. ARGV[i])
  if held then
    local fingerprint, heldRun = string.match(held, '^(%S+) (.*)$')
    claimed[#claimed + 1] = (i - FIRST_CLAIM) / 2
    claimed[#claimed + 1] = fingerprint == ARGV[i + 1] and heldRun or ''
  end
end
if #claimed > 1 then return claimed end

if not isOpen then return { 'closed', header[1] or 'unknown' } end
if isDisabled(header[2]) then return { 'disabled' } end

if position >= 0 and position ~= tonumber(header[5] or '0') then return { 'moved' } end

local connector, lane = header[2], header[3]
if isFull(connector, lane, #body, tonumber(ARGV[6]), tonumber(ARGV[7])) then return { 'full' } end

local nowMs = readClock()
local sequence = redis.call('INCR', P .. 'sequence')
redis.call('HSET', P .. 'chunk:' .. sequence, 'b', body, 'r', run, 'c', connector, 'l', lane, 'n', records)
redis.call('ZADD', P .. 'chunks', nowMs, sequence)
addBytes('intake', connector, lane, #body)
redis.call('HINCRBY', runKey, 'read', records)
redis.call('HINCRBY', runKey, 'pending', records)
redis.call('INCRBY', P .. 'pending', records)
redis.call('HSET', runKey, 'producer ' .. producer, ordinal .. ' ' .. sequence)
for i = FIRST_CLAIM, #ARGV, 2 do
  redis.call('SET', P .. 'claim:' .. ARGV[i], ARGV[i + 1] .. ' ' .. run, 'PX', ARGV[9])
end
return { 'ok', sequence }
