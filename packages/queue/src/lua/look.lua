-- look: what the governor knows, and the account's clock, at one moment. Writes nothing.
-- ARGV: connector (empty: none)
-- Returns: {rev, nowMs, aheadMs, state, holds, refusals, whether an operator vouches for it, whether there is a canary, records pending,
--   assets that calls are needed for, those that are no suspects}
local nowMs, aheadMs = seeClock()
local stored = redis.call('HMGET', P .. 'governor', 'rev', 'state', 'holds')
local standing = redis.call('HMGET', P .. 'connector:' .. ARGV[1], 'refusals', 'vouched')
local hasCanary = redis.call('HEXISTS', P .. 'connector:' .. ARGV[1], 'canary')
return { stored[1] or '0', nowMs, aheadMs, stored[2], stored[3], tonumber(standing[1] or '0'), standing[2] and 1 or 0, hasCanary,
  tonumber(redis.call('GET', P .. 'pending') or '0'), waitingAssets() }
