#!lua flags=allow-oom
--[[
  ack-coupons: take entries out of the stream that are in MySQL for good, as coupons or as dead letters.

  KEYS[1] stream  stream  issued coupons that are not in MySQL yet
  KEYS[2] tries   hash    entryId -> tries,notBeforeMs of entries that MySQL refused
  ARGV[1] group   of the consumers that write to MySQL
  ARGV[2] ids     then per entry one: entryId

  Returns:
    { 'acked', deleted }   deleted is less than was asked for when somebody else was first

  Safe to repeat.
  Cost: O(entries).
  Invariant: an entry is acknowledged, deleted and forgotten in one go, so the length of the stream is the lag.
]]
local CHUNK = 500

-- Apply.
local deleted = 0
for first = 2, #ARGV, CHUNK do
  local last = math.min(first + CHUNK - 1, #ARGV)
  redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, first, last))
  deleted = deleted + redis.call('XDEL', KEYS[1], unpack(ARGV, first, last))
  redis.call('HDEL', KEYS[2], unpack(ARGV, first, last))
end
return { 'acked', deleted }
