-- try: notes that a worker takes up a chunk.
-- Atomic because a note about a chunk that was settled meanwhile would stay for ever.
-- ARGV: sequence
-- Returns: how often workers have taken it up, this time included; 0 when it is gone
local key = P .. 'chunk:' .. ARGV[1]
if redis.call('EXISTS', key) == 0 then return 0 end
return redis.call('HINCRBY', key, 'tries', 1)
