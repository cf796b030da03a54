--[[
  place: what one would write first. Takes tickets of one type for one buyer, if there are any left and the buyer's limit allows.

  KEYS[1] stock   hash  available, held
  KEYS[2] holds   hash  holdId -> buyer, quantity, deadline
  KEYS[3] due     zset  holds by deadline
  KEYS[4] buyers  hash  buyerId -> tickets held
  ARGV[1] holdId  ARGV[2] buyerId  ARGV[3] quantity  ARGV[4] holdTtlMs  ARGV[5] buyerTicketsMax

  Returns { 'limit_reached' }, { 'sold_out' } or { 'placed', nowMs }.
]]
local quantity = tonumber(ARGV[3])
local held = tonumber(redis.call('HGET', KEYS[4], ARGV[2]) or 0)
if held + quantity > tonumber(ARGV[5]) then
  return { 'limit_reached' }
end
if tonumber(redis.call('HGET', KEYS[1], 'available') or 0) < quantity then
  return { 'sold_out' }
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local deadline = now + tonumber(ARGV[4])
redis.call('HINCRBY', KEYS[1], 'available', -quantity)
redis.call('HINCRBY', KEYS[1], 'held', quantity)
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2] .. ';' .. quantity .. ';' .. deadline)
redis.call('ZADD', KEYS[3], deadline, ARGV[1])
redis.call('HSET', KEYS[4], ARGV[2], held + quantity)
return { 'placed', now }
