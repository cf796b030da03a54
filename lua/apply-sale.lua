#!lua flags=allow-oom
--[[
  apply-sale: set a sale's rules and capacities from MySQL; an older version changes nothing, the same one may be repeated.

  KEYS[1] sale       hash    epoch, run, settings, counts per ticket type
  KEYS[2] decisions  stream  the decision log
  ARGV[1] run                run_id of the server on this connection
  ARGV[2] version            of the sale's row in MySQL
  ARGV[3] opensAtMs
  ARGV[4] closesAtMs         0 = never
  ARGV[5] paused             0 or 1
  ARGV[6] closed             0 or 1
  ARGV[7] holdTtlMs
  ARGV[8] buyerTicketsMax
  ARGV[9] orderTicketsMax
  ARGV[10] decisionsMax      entries of the decision log; 0 = off
  ARGV[11] capacities        then per ticket type two: ticketTypeId, capacity

  Returns, first match wins:
    { 'lost' }
    { 'stale' }     a newer version is in place; nothing changed
    { 'applied' }

  Cost: O(ticket types).
  Invariant: capacity = available + held + sold: available moves by what capacity moves.
]]
-- @include bulk
-- @include decisions

local current = redis.call('HMGET', KEYS[1], 'epoch', 'run', 'version')

-- Decide.
if not current[1] or current[2] ~= ARGV[1] then
  return { 'lost' }
end
if tonumber(current[3]) > tonumber(ARGV[2]) then
  return { 'stale' }
end

-- Apply.
redis.call(
  'HSET', KEYS[1], 'version', ARGV[2], 'opensAtMs', ARGV[3], 'closesAtMs', ARGV[4], 'paused', ARGV[5], 'closed', ARGV[6],
  'holdTtlMs', ARGV[7], 'buyerTicketsMax', ARGV[8], 'orderTicketsMax', ARGV[9], 'decisionsMax', ARGV[10]
)
local growths, counts = {}, {}
for i = 11, #ARGV, 2 do
  local capacity = redis.call('HGET', KEYS[1], 'capacity:' .. ARGV[i])
  local growth = tonumber(ARGV[i + 1]) - tonumber(capacity)
  if growth ~= 0 then
    redis.call('HINCRBY', KEYS[1], 'capacity:' .. ARGV[i], growth)
    local available = redis.call('HINCRBY', KEYS[1], 'available:' .. ARGV[i], growth)
    local others = redis.call('HMGET', KEYS[1], 'held:' .. ARGV[i], 'sold:' .. ARGV[i])
    growths[#growths + 1] = ARGV[i] .. ':' .. growth
    counts[#counts + 1] = ARGV[i] .. ':' .. available .. ':' .. others[1] .. ':' .. others[2]
  end
end
-- A log with a hole would show changes that nobody made.
if logs_decisions() then
  redis.call('PERSIST', KEYS[2])
else
  redis.call('UNLINK', KEYS[2])
end
note('apply', 'applied', '', '', table.concat(growths, ','), '')
write_decisions(KEYS[2], table.concat(counts, ','))
return { 'applied' }
