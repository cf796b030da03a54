/** What to look at and what to try first; the three lines can be pasted into a shell one after the other. */
export function welcome(baseUrl: string, tokens: { alice: string; admin: string }): string {
  const json = "-H 'Content-Type: application/json'";
  const reserve = `'{"saleId":"demo","lines":[{"ticketTypeId":"standard","quantity":2}]}'`;
  return `
onsale is open

  API     ${baseUrl}
  docs    ${baseUrl}/docs
  health  ${baseUrl}/health

Tokens, valid for 12 hours (more by: npm run -s token -- --sub bob):

  export ALICE=${tokens.alice}
  export ADMIN=${tokens.admin}

Try, after these two exports:

  HOLD=$(curl -s ${baseUrl}/purchase/reserve -H "Authorization: Bearer $ALICE" ${json} -d ${reserve} | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')
  curl -s ${baseUrl}/purchase/confirm -H "Authorization: Bearer $ALICE" ${json} -d "{\\"token\\":\\"$HOLD\\"}"
  curl -s ${baseUrl}/sales/demo

Ctrl-C stops everything; the data stays in .onsale/.
`;
}
