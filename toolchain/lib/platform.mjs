/** This machine's platform in the names that the tools' publishers use. */
export const os = process.platform;
export const goArch = process.arch === 'x64' ? 'amd64' : process.arch;
