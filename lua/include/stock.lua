-- Counts per ticket type are read once, changed in memory, and written once at the end by write_stock().
local stock = {}

-- The counts of a ticket type, or nil when the sale has no such type.
local function stock_of(id)
  local known = stock[id]
  if known == nil then
    local counts = redis.call('HMGET', KEYS[1], 'available:' .. id, 'held:' .. id, 'sold:' .. id)
    known = counts[1]
        and { available = tonumber(counts[1]), held = tonumber(counts[2]), sold = tonumber(counts[3]), changed = false }
      or false
    stock[id] = known
  end
  return known or nil
end

-- Moves the lines of so many holds between available, held and sold: the sum never changes, which is the conservation law.
local function move_units(lines, holds, from, to)
  for i = 1, #lines do
    local quantity = lines[i].quantity * holds
    local counts = stock_of(lines[i].ticket_type)
    if counts then
      counts[from] = counts[from] - quantity
      counts[to] = counts[to] + quantity
      counts.changed = true
    end
  end
end

-- Returns what it wrote, as ticketTypeId:available:held:sold,…
local function write_stock()
  local written = {}
  for id, counts in pairs(stock) do
    if counts and counts.changed then
      redis.call('HSET', KEYS[1], 'available:' .. id, counts.available, 'held:' .. id, counts.held, 'sold:' .. id, counts.sold)
      written[#written + 1] = id .. ':' .. counts.available .. ':' .. counts.held .. ':' .. counts.sold
    end
  end
  return table.concat(written, ',')
end
