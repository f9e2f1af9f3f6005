-- put: gives a cut batch its body.
-- Atomic because two workers may assemble the same batch, and it may be settled meanwhile.
-- ARGV: batch, body
-- Returns: {ok} | {gone} (settled, or it has its body already)
local batch, body = ARGV[1], ARGV[2]
local key = P .. 'batch:' .. batch
if redis.call('EXISTS', key) == 0 or redis.call('HEXISTS', key, 'b') == 1 then return { 'gone' } end
redis.call('HSET', key, 'b', body, 'z', #body)
redis.call('HINCRBY', P .. 'bytes', 'batches', #body)
return { 'ok' }
