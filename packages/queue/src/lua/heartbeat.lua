-- heartbeat: renews a sender's lease and hands out the holds that ended and nobody has reported.
-- ARGV: sender, leaseMs (0: the sender leaves)
-- Returns: {concurrency (0: unknown), ended holds as JSON ...}
local nowMs = readClock()
if tonumber(ARGV[2]) > 0 then
  leaseSender(ARGV[1], tonumber(ARGV[2]), nowMs)
else
  redis.call('ZREM', P .. 'senders', ARGV[1])
end
readHolds(nowMs)
return { tonumber(redis.call('HGET', P .. 'budget', 'concurrency') or '0'), unpack(takeEndedHolds()) }
