-- put: gives a cut batch its body.
-- Atomic because two workers may assemble the same batch, and it may be settled meanwhile.
-- ARGV: batch, body
-- Returns: {ok} | {gone} (settled, or it has its body already)
local batch, body = ARGV[1], ARGV[2]
local key = P .. 'batch:' .. batch
local stored = redis.call('HMGET', key, 'c', 'l')
if not stored[1] or redis.call('HEXISTS', key, 'b') == 1 then return { 'gone' } end
redis.call('HSET', key, 'b', body, 'z', #body)
addBytes('batches', stored[1], stored[2], #body)
return { 'ok' }
