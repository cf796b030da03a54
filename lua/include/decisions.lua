-- The decision log: one compact record per decision, all of a call in one entry of a capped stream, with the counts that the
-- call left behind. Off while the sale's decisionsMax (entries) is 0.
local decided = {}
local decisions_max

local function logs_decisions()
  if not decisions_max then
    decisions_max = tonumber(redis.call('HGET', KEYS[1], 'decisionsMax') or '0')
  end
  return decisions_max > 0
end

-- A record is packed as word;holdId;lines;detail;buyer with the opaque buyer last; its field in the entry is the verb.
local function note(verb, word, id, lines, detail, buyer)
  if logs_decisions() then
    local last = #decided
    decided[last + 1] = verb
    decided[last + 2] = word .. ';' .. id .. ';' .. lines .. ';' .. detail .. ';' .. buyer
  end
end

-- Counts come last, as ticketTypeId:available:held:sold,…
local function write_decisions(key, counts)
  if counts ~= '' and logs_decisions() then
    decided[#decided + 1] = 'stock'
    decided[#decided + 1] = counts
  end
  in_pieces(decided, function(...)
    redis.call('XADD', key, 'MAXLEN', '~', decisions_max, '*', ...)
  end)
end
