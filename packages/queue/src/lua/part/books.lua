-- books: what became of a run's records. Changes are collected and written once, at the script's end.
-- pending: the records of all runs that nothing has become of yet.
-- read = delivered + unchanged + coalesced + dead + pending holds after every script.
local changes = {}
local OUTCOMES = { delivered = true, unchanged = true, coalesced = true, dead = true }

local function book(run, field, count)
  local fields = changes[run]
  if not fields then
    fields = {}
    changes[run] = fields
  end
  fields[field] = (fields[field] or 0) + count
end

-- A run is done when it is sealed and nothing of it is pending; an aborted one keeps its state.
local function finishRun(run, nowMs)
  local key = P .. 'run:' .. run
  local state = redis.call('HGET', key, 'state')
  if state == 'sealed' then redis.call('HSET', key, 'state', 'done') end
  if state == 'sealed' or state == 'aborted' then redis.call('HSET', key, 'doneAt', nowMs) end
end

local function writeBooks(nowMs)
  for run, fields in pairs(changes) do
    local key = P .. 'run:' .. run
    local settled = 0
    for field, count in pairs(fields) do
      if count ~= 0 then redis.call('HINCRBY', key, field, count) end
      if OUTCOMES[field] then settled = settled + count end
    end
    if settled > 0 then redis.call('DECRBY', P .. 'pending', settled) end
    if settled > 0 and redis.call('HINCRBY', key, 'pending', -settled) == 0 then finishRun(run, nowMs) end
  end
end
