-- put: gives a cut batch its body and releases its entries in the segments.
-- Atomic because the body may only replace the places while the segments still hold them.
-- ARGV: batch, body
-- Returns: {ok} | {gone} (settled, or it has its body already)
local batch, body = ARGV[1], ARGV[2]
local key = P .. 'batch:' .. batch
local places = redis.call('HGET', key, 's')
if not places then return { 'gone' } end
redis.call('HSET', key, 'b', body, 'z', #body)
redis.call('HDEL', key, 's')
redis.call('HINCRBY', P .. 'bytes', 'batches', #body)
local counts = {}
for at = 1, #places, 8 do
  local segment = unpack6(places, at)
  counts[segment] = (counts[segment] or 0) + 1
end
for segment, count in pairs(counts) do release(segment, count) end
return { 'ok' }
