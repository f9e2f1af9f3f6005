-- holds: pauses of sending, for scripts that only look: "scope reason" -> {untilMs (none: until an operator ends it)}.
local function readHolds()
  return cjson.decode(redis.call('HGET', P .. 'governor', 'holds') or '{}')
end

-- Whether the connector takes nothing: a hold that says so has no end.
local function isDisabled(connector)
  local holds = readHolds()
  return holds[connector .. ' disabled'] ~= nil or holds[connector .. ' disabled-in-file'] ~= nil
end

-- The connectors that are disabled, as a set.
local function disabledConnectors()
  local disabled = {}
  for name in pairs(readHolds()) do
    local connector = string.match(name, '^(%S+) disabled')
    if connector then disabled[connector] = true end
  end
  return disabled
end

-- How long the holds of a scope last, or nil when none is in force; a hold without end lasts a day at a time.
local ENDLESS_MS = 86400000
local function heldMs(holds, scope, nowMs)
  local longestMs = nil
  for name, hold in pairs(holds) do
    if string.match(name, '^(%S+)') == scope then
      local leftMs = type(hold.untilMs) == 'number' and hold.untilMs - nowMs or ENDLESS_MS
      if leftMs > 0 then longestMs = math.max(longestMs or 0, leftMs) end
    end
  end
  return longestMs
end
