/** The text with every e-mail address in it replaced by `[address]`: what others say may quote one. */
export function maskAddresses(text: string): string {
  return text.replaceAll(/[^\s<>:'"][^\s<>:"]*@[^\s<>'"]+/g, '[address]');
}
