-- ranges: where the malformed lines of a run stood, beyond those that have letters.
-- run:<run> malformed = how many lines were malformed; ranges = JSON [[source, first line, last line, lines], ...]. There are
-- never more than RANGES_MAX: the nearest ones of a source are joined, and sources too many share one without a name.
local RANGES_MAX = 100
local MALFORMED_LETTERS_MAX = 1000

-- Ranges in the order of their places, those of a source no further apart than that made one.
local function joinRanges(ranges, gapMax)
  local joined = {}
  for _, range in ipairs(ranges) do
    local last = joined[#joined]
    if last and last[1] == range[1] and range[2] - last[3] <= gapMax then
      last[3] = math.max(last[3], range[3])
      last[4] = last[4] + range[4]
    else
      joined[#joined + 1] = range
    end
  end
  return joined
end

-- The gap up to which ranges have to be joined so that no more than so many are left; huge when even that is not enough.
local function gapOf(ranges, leftMax)
  local gaps = {}
  for i = 2, #ranges do
    if ranges[i][1] == ranges[i - 1][1] then gaps[#gaps + 1] = ranges[i][2] - ranges[i - 1][3] end
  end
  table.sort(gaps)
  return gaps[#ranges - leftMax] or math.huge
end

local function shareOne(ranges)
  local shared = ranges[1][1] == '' and table.remove(ranges, 1) or { '', 0, 0, 0 }
  while #ranges >= RANGES_MAX do shared[4] = shared[4] + table.remove(ranges)[4] end
  table.insert(ranges, 1, shared)
end

-- Notes malformed lines, each "line source".
local function noteLines(run, places)
  if #places == 0 then return end
  local key = P .. 'run:' .. run
  local ranges = cjson.decode(redis.call('HGET', key, 'ranges') or '[]')
  for _, place in ipairs(places) do
    local line, source = string.match(place, '^(%d+) (.*)$')
    ranges[#ranges + 1] = { source, tonumber(line), tonumber(line), 1 }
  end
  table.sort(ranges, function(a, b) return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2]) end)
  ranges = joinRanges(ranges, 1)
  if #ranges > RANGES_MAX then ranges = joinRanges(ranges, gapOf(ranges, RANGES_MAX)) end
  if #ranges > RANGES_MAX then shareOne(ranges) end
  redis.call('HSET', key, 'ranges', cjson.encode(ranges))
end

-- Of so many malformed lines, how many may still have letters.
local function takeMalformed(run, lines)
  local before = redis.call('HINCRBY', P .. 'run:' .. run, 'malformed', lines) - lines
  return math.max(0, MALFORMED_LETTERS_MAX - before)
end
