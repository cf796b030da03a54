#!lua flags=allow-oom
--[[
  withdraw-stock: take tickets out of sale before MySQL's capacity is lowered, from available only.

  KEYS[1] sale       hash    epoch, run, settings, counts per ticket type
  KEYS[2] decisions  stream  the decision log
  ARGV[1] run           run_id of the server on this connection
  ARGV[2] operationId   of the admin operation: a repeat changes nothing
  ARGV[3] ticketTypeId
  ARGV[4] quantity

  Returns, first match wins:
    { 'lost' }
    { 'withdrawn' }               also when this operation had withdrawn before
    { 'insufficient', available }

  Cost: O(1).
  Invariant: capacity = available + held + sold.
]]
-- @include bulk
-- @include decisions

local current =
  redis.call('HMGET', KEYS[1], 'epoch', 'run', 'withdrawal', 'available:' .. ARGV[3], 'held:' .. ARGV[3], 'sold:' .. ARGV[3])

-- Decide.
if not current[1] or current[2] ~= ARGV[1] then
  return { 'lost' }
end
if current[3] == ARGV[2] then
  return { 'withdrawn' }
end
local available = tonumber(current[4] or '0')
local quantity = tonumber(ARGV[4])
local growth = ARGV[3] .. ':' .. -quantity
if quantity > available then
  note('withdraw', 'insufficient', '', '', growth, '')
  write_decisions(KEYS[2], '')
  return { 'insufficient', math.max(available, 0) }
end

-- Apply.
redis.call('HSET', KEYS[1], 'withdrawal', ARGV[2])
redis.call('HINCRBY', KEYS[1], 'available:' .. ARGV[3], -quantity)
redis.call('HINCRBY', KEYS[1], 'capacity:' .. ARGV[3], -quantity)
note('withdraw', 'withdrawn', '', '', growth, '')
write_decisions(KEYS[2], ARGV[3] .. ':' .. available - quantity .. ':' .. current[5] .. ':' .. current[6])
return { 'withdrawn' }
