/** What the person at the terminal has to change; shown without a stack. */
export class NotPossible extends Error {
  override readonly name = 'NotPossible';
}
