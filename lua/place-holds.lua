#!lua
--[[
  place-holds: claim tickets for buyers, one item after the other, each all-or-nothing.

  KEYS[1] sale       hash  epoch, run, settings, counts per ticket type
  KEYS[2] holds      hash  holdId -> packed hold
  KEYS[3] due        zset  HELD holds by deadline
  KEYS[4] leases     zset  CONFIRMING holds by end of lease
  KEYS[5] buyers     hash  buyerId -> held,bought,holdIds
  KEYS[6] ended      zset  lists of ended holds by the time when they may be forgotten
  KEYS[7] decisions  stream  the decision log
  ARGV[1] run              run_id of the server on this connection
  ARGV[2] nowMs            Unix time, milliseconds; 0 = this server's TIME
  ARGV[3] bucketMs         width of an expiry bucket
  ARGV[4] inlineExpireMax  lines that may be expired here when nothing is left
  ARGV[5] keyedMemoryMs    how long an ended hold with an Idempotency-Key is remembered
  ARGV[6] memoryMs         how long any other ended hold is remembered
  ARGV[7] items            then per item six: holdId, buyerId, keyed (0 or 1), placedAtMs and expiresAtMs of a
                           receipt to be honoured again (0 and 0 for a new hold), lines (ticketTypeId:quantity,…)

  Returns { 'lost' } or { 'ok', nowMs, reply… } with one reply per item, first match wins:
    { 'exists', packed }                                the id is known, live or ended; nothing changed
    { 'mismatch' }                                      the id is known with other lines
    { 'receipt_expired' }                               the receipt's deadline has passed
    { 'sale_not_open', opensAtMs }
    { 'sale_closed' }
    { 'sale_paused' }
    { 'ticket_type_not_found', ticketTypeId… }
    { 'limit_reached', 'order' or 'buyer', limit, held, bought }
    { 'sold_out', ticketTypeId… }                       more than available and held together
    { 'all_held', nextDeadlineMs, ticketTypeId… }       more than available, but unpaid holds may come back
    { 'placed', deadlineMs, opened }                    opened is 1 when it is the first hold of its expiry bucket

  Cost: O(lines of all items).
  Invariant: available + held + sold is unchanged for every ticket type.
]]
-- @include clock
-- @include intact
-- @include bulk
-- @include stock
-- @include hold
-- @include buyer
-- @include indexes
-- @include decisions
-- @include give-back
-- @include expire

local epoch = epoch_if_intact(ARGV[1])
if not epoch then
  return { 'lost' }
end
local now = read_clock(ARGV[2])
local bucket_ms = tonumber(ARGV[3])
local inline_expire_max = tonumber(ARGV[4])
local keyed_memory_ms = tonumber(ARGV[5])
local memory_ms = tonumber(ARGV[6])

local settings = redis.call(
  'HMGET', KEYS[1], 'opensAtMs', 'closesAtMs', 'closed', 'paused', 'holdTtlMs', 'buyerTicketsMax', 'orderTicketsMax'
)
local opens_at = tonumber(settings[1])
local closes_at = tonumber(settings[2])
local hold_ttl_ms = tonumber(settings[5])
local buyer_tickets_max = tonumber(settings[6])
local order_tickets_max = tonumber(settings[7])

-- Decide.
local function gate()
  if settings[3] == '0' and now < opens_at then
    return { 'sale_not_open', opens_at }
  end
  -- A sale that an admin closed before it opened is closed: nobody should wait for it.
  if settings[3] == '1' or (closes_at > 0 and now >= closes_at) then
    return { 'sale_closed' }
  end
  if settings[4] == '1' then
    return { 'sale_paused' }
  end
  return nil
end

local gate_reply = gate()

-- A passed deadline is expired, swept or not: a buyer's own lapsed holds never count against the limit.
local function expire_own(record)
  for id in string.gmatch(record.ids, '[^,]+') do
    local hold = read_hold(id)
    if hold and hold.state == 'H' and deadline_of(hold) <= now then
      give_back(id, hold, 'E', now, keyed_memory_ms, memory_ms)
    end
  end
end

local function unknown_types(lines)
  local reply
  for i = 1, #lines do
    if not stock_of(lines[i].ticket_type) then
      reply = reply or { 'ticket_type_not_found' }
      reply[#reply + 1] = lines[i].ticket_type
    end
  end
  return reply
end

local function shortage(lines)
  local sold_out, all_held
  for i = 1, #lines do
    local id, wanted = lines[i].ticket_type, lines[i].quantity
    local counts = stock_of(id)
    if wanted > counts.available + counts.held then
      sold_out = sold_out or { 'sold_out' }
      sold_out[#sold_out + 1] = id
    elseif wanted > counts.available then
      all_held = all_held or { 'all_held', 0 }
      all_held[#all_held + 1] = id
    end
  end
  return sold_out or all_held
end

-- A passed deadline is expired, swept or not: what is due comes back before anybody is told that nothing is left.
local function shortage_after_expiry(lines)
  local short = shortage(lines)
  if short and short[1] == 'all_held' and inline_expire_max > 0 then
    local _, expired_lines = expire_due(now, inline_expire_max, keyed_memory_ms, memory_ms)
    inline_expire_max = expired_lines > 0 and inline_expire_max - expired_lines or 0
    short = shortage(lines)
  end
  if short and short[1] == 'all_held' then
    write_indexes()
    local first = redis.call('ZRANGEBYSCORE', KEYS[3], 0, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
    short[2] = first[2] and tonumber(first[2]) or now
  end
  return short
end

local function refusal(buyer, lines, is_receipt, expires)
  if is_receipt then
    if expires <= now then
      return { 'receipt_expired' }
    end
  elseif gate_reply then
    return gate_reply
  end
  local unknown = unknown_types(lines)
  if unknown then
    return unknown
  end
  local record, units = read_buyer(buyer), lines.units
  local is_large = not is_receipt and units > order_tickets_max
  if record.held > 0 and (is_large or record.held + record.bought + units > buyer_tickets_max) then
    expire_own(record)
  end
  if is_large then
    return { 'limit_reached', 'order', order_tickets_max, record.held, record.bought }
  end
  if record.held + record.bought + units > buyer_tickets_max then
    return { 'limit_reached', 'buyer', buyer_tickets_max, record.held, record.bought }
  end
  return shortage_after_expiry(lines)
end

-- Holds of one call mostly share a bucket, and only the first of them can open it.
local known_buckets = {}

local function opens_bucket(deadline)
  local start = deadline - deadline % bucket_ms
  if known_buckets[start] then
    return false
  end
  known_buckets[start] = true
  write_indexes()
  return redis.call('ZCOUNT', KEYS[3], start, start + bucket_ms - 1) == 0
end

local new_expires = now + hold_ttl_ms
local new_promise = pack_promise(now, new_expires)

-- Apply.
local function apply(id, buyer, keyed, promise, expires, lines)
  local list = lines_of(lines)
  move_units(list, 1, 'available', 'held')
  give_to_buyer(buyer, id, list.units)
  write_hold(id, new_hold('H', promise, keyed, lines, buyer))
  local opened = opens_bucket(expires)
  enter(KEYS[3], expires, id)
  return { 'placed', expires, opened and 1 or 0 }
end

-- For the log: what the refusal says, and of a shortage what there was.
local function circumstances(refused, lines)
  if refused[1] ~= 'sold_out' and refused[1] ~= 'all_held' then
    return table.concat(refused, ',', 2)
  end
  local left = {}
  for _, line in ipairs(lines_of(lines)) do
    local counts = stock_of(line.ticket_type)
    left[#left + 1] = line.ticket_type .. ':' .. counts.available .. ':' .. counts.held
  end
  return table.concat(left, ',')
end

local function place(id, buyer, keyed, placed, expires, lines)
  local packed = read_packed_hold(id)
  if packed then
    local known = unpack_hold(packed)
    -- A void outcome that was read back from MySQL names no lines.
    if known.lines == lines or known.lines == '' then
      note('place', 'exists', id, lines, known.state, buyer)
      return { 'exists', packed }
    end
    note('place', 'mismatch', id, lines, known.lines, buyer)
    return { 'mismatch' }
  end
  local is_receipt = expires ~= '0'
  if is_receipt then
    placed, expires = tonumber(placed), tonumber(expires)
  else
    placed, expires = now, new_expires
  end
  local refused = refusal(buyer, lines_of(lines), is_receipt, expires)
  if refused then
    note('place', refused[1], id, lines, circumstances(refused, lines), buyer)
    return refused
  end
  local promise = is_receipt and pack_promise(placed, expires) or new_promise
  note('place', 'placed', id, lines, time_text(expires), buyer)
  return apply(id, buyer, keyed, promise, expires, lines)
end

load_holds(every(7, 6))
load_buyers(every(8, 6))
local reply = { 'ok', now }
for i = 7, #ARGV, 6 do
  reply[#reply + 1] =
    place(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5])
end
write_changes()
write_decisions(KEYS[7], write_stock())
return reply
