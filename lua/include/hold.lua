-- A hold is packed as state;placedAtMs;expiresAtMs;deadlineMs;keyed;epoch;attempts;lines;buyer with the opaque buyer last.
-- States: H held, C confirming, S sold, R released, E expired. The epoch is that of a begin, 0 before. Lines: ticketTypeId:quantity joined by commas.
local HOLD_PATTERN = '^(%u);(%d+);(%d+);(%d+);([01]);(%d+);([^;]*);([^;]*);(.*)$'

local function unpack_hold(packed)
  local state, placed, expires, deadline, keyed, epoch, attempts, lines, buyer = string.match(packed, HOLD_PATTERN)
  return {
    state = state,
    placed = tonumber(placed),
    expires = tonumber(expires),
    deadline = tonumber(deadline),
    keyed = keyed,
    epoch = epoch,
    attempts = attempts,
    lines = lines,
    buyer = buyer,
  }
end

local function read_hold(id)
  local packed = redis.call('HGET', KEYS[2], id)
  return packed and unpack_hold(packed) or nil
end

local function write_hold(id, hold)
  -- The buyer is joined and not formatted: a format ends at a NUL.
  local packed = string.format(
    '%s;%d;%d;%d;%s;%s;%s;%s;',
    hold.state,
    hold.placed,
    hold.expires,
    hold.deadline,
    hold.keyed,
    hold.epoch,
    hold.attempts,
    hold.lines
  ) .. hold.buyer
  redis.call('HSET', KEYS[2], id, packed)
  return packed
end

-- Iterates over ticketTypeId and quantity (a string) of packed lines.
local function each_line(lines)
  return string.gmatch(lines, '([^:,]+):(%d+)')
end

local function units_of(lines)
  local units = 0
  for _, quantity in each_line(lines) do
    units = units + quantity
  end
  return units
end
