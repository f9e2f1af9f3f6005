-- governor: what the governor of this account knows, written whole and only if nobody else has written since it was read;
-- the decisions are made in the process that commits. governor = rev, state (JSON), holds (JSON, by "scope reason"),
-- terms (JSON: what cut needs to know), commits (the newest ones, so that a repeated one is no second one), runId.
local GOVERNOR = P .. 'governor'
local COMMITS_KEPT = 64

-- BullMQ's limiter key only follows: it keeps idle senders from fetching, it decides nothing.
local LIMITER = P .. 'outbound:limiter'
local LIMITER_FULL = '9007199254740991'

-- Stops every consumer of the outbound queue from fetching; never shortens a longer stop.
local function stopFetching(delayMs)
  local stopped = redis.call('GET', LIMITER) == LIMITER_FULL
  if stopped and redis.call('PTTL', LIMITER) >= delayMs then return end
  redis.call('SET', LIMITER, LIMITER_FULL, 'PX', math.max(1, math.ceil(delayMs)))
end

-- ARGV from the first on: rev, commit, state, holds, terms, isFreed (1: a stop may become shorter), stopMs (0: no stop).
-- Returns 'ok', 'again' when this commit is done already, or 'moved' when somebody else has written meanwhile.
local function commitGovernor()
  local stored = redis.call('HMGET', GOVERNOR, 'rev', 'commits')
  local commits = stored[2] or ''
  if string.find(commits, ARGV[2], 1, true) then return 'again' end
  if (stored[1] or '0') ~= ARGV[1] then return 'moved' end
  readClock()
  commits = string.sub(ARGV[2] .. ' ' .. commits, 1, COMMITS_KEPT * (#ARGV[2] + 1))
  redis.call('HSET', GOVERNOR, 'rev', string.format('%.0f', ARGV[1] + 1), 'commits', commits, 'state', ARGV[3], 'holds', ARGV[4], 'terms', ARGV[5])
  if ARGV[6] == '1' then redis.call('DEL', LIMITER) end
  if tonumber(ARGV[7]) > 0 then stopFetching(tonumber(ARGV[7])) end
  return 'ok'
end
