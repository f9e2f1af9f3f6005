-- quarantine: puts a batch of suspects aside until a call is spare; `cut` takes it back.
-- Atomic because a batch is either among those that the sweep looks after, or in quarantine.
-- ARGV: batch
-- Returns: {ok} | {gone} (settled, or in quarantine already)
local batch = ARGV[1]
local connector = redis.call('HGET', P .. 'batch:' .. batch, 'c')
if not connector or redis.call('ZREM', P .. 'batches', batch) == 0 then return { 'gone' } end
redis.call('RPUSH', P .. 'quarantine:' .. connector, batch)
redis.call('SADD', P .. 'backlog', connector)
return { 'ok' }
