/** Prints one line of progress with the seconds since the command was given. */
export function say(line: string): void {
  console.log(`${(performance.now() / 1000).toFixed(1).padStart(6)} s  ${line}`);
}
