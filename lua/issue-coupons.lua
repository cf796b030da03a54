#!lua
--[[
  issue-coupons: give coupons of one campaign to buyers, first come first served, one each, and put each into the stream
  from which it is written to MySQL, in the same breath.

  KEYS[1] campaign  hash    epoch, run, quantity, window
  KEYS[2] coupons   hash    buyerId -> issuedAtMs,couponId; '' -> epoch
  KEYS[3] stream    stream  issued coupons that are not in MySQL yet
  ARGV[1] run       run_id of the server on this connection
  ARGV[2] nowMs     Unix time, milliseconds; 0 = this server's TIME
  ARGV[3] items     then per item two: couponId, buyerId

  Returns { 'lost' } or { 'ok', nowMs, reply… } with one reply per item, first match wins:
    { 'already_issued', packed }          a winner always gets his coupon, also after the campaign has closed
    { 'campaign_not_open', opensAtMs }
    { 'campaign_closed' }
    { 'coupons_exhausted' }
    { 'issued' }                          at nowMs

  Safe to repeat: what was issued is answered by 'already_issued' then, with the same id.
  Cost: O(items); three reads and no write when nothing is left.
  Invariant: coupons are never taken away, and none is issued once quantity of them are. Refused buyers leave no trace.
]]
-- @include clock
-- @include campaign

local campaign = read_campaign(ARGV[1])
if not campaign then
  return { 'lost' }
end
local now = read_clock(ARGV[2])

local buyers = {}
for i = 3, #ARGV, 2 do
  buyers[#buyers + 1] = ARGV[i + 1]
end
local records = redis.call('HMGET', KEYS[2], unpack(buyers))
-- The entries themselves are the count, all but the one of the epoch: it cannot drift.
local left = campaign.quantity - (redis.call('HLEN', KEYS[2]) - 1)

-- Decide.
local function gate()
  if now < campaign.opens_at then
    return { 'campaign_not_open', campaign.opens_at }
  end
  if campaign.closes_at > 0 and now >= campaign.closes_at then
    return { 'campaign_closed' }
  end
  return nil
end

local gate_reply = gate()
local exhausted_reply = { 'coupons_exhausted' }
local winners = {}
local won = {}

local function decide(coupon, buyer, record)
  local packed = record or won[buyer]
  if packed then
    return { 'already_issued', packed }
  end
  if gate_reply then
    return gate_reply
  end
  if left <= 0 then
    return exhausted_reply
  end
  left = left - 1
  won[buyer] = string.format('%d,%s', now, coupon)
  winners[#winners + 1] = { coupon = coupon, buyer = buyer }
  return { 'issued' }
end

local reply = { 'ok', now }
for index, buyer in ipairs(buyers) do
  reply[#reply + 1] = decide(ARGV[2 * index + 1], buyer, records[index])
end

-- Apply.
for _, winner in ipairs(winners) do
  redis.call('XADD', KEYS[3], '*', 'couponId', winner.coupon, 'buyerId', winner.buyer, 'issuedAtMs', now)
  redis.call('HSET', KEYS[2], winner.buyer, won[winner.buyer])
end
return reply
