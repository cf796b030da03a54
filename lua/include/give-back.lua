-- Ends a live hold as released (R) or expired (E): its units and the buyer's count go back exactly once, and the id is
-- remembered, so that it never lives twice. The caller writes the stock.
local function give_back(id, hold, state, now, keyed_memory_ms, memory_ms)
  local units = 0
  for ticket_type, quantity in each_line(hold.lines) do
    move_units(ticket_type, quantity, 'held', 'available')
    units = units + quantity
  end
  local record = read_buyer(hold.buyer)
  record.held = record.held - units
  forget_live_hold(record, id)
  write_buyer(hold.buyer, record)
  redis.call('ZREM', hold.state == 'C' and KEYS[4] or KEYS[3], id)
  hold.state = state
  hold.attempts = ''
  hold.epoch = '0'
  write_hold(id, hold)
  local verb, word = 'expire', 'expired'
  if state == 'R' then
    verb, word = 'release', 'released'
  end
  note(verb, word, id, hold.lines, '', hold.buyer)
  local memory = hold.keyed == '1' and keyed_memory_ms or memory_ms
  redis.call('ZADD', KEYS[6], math.max(now, hold.expires) + memory, id)
end
