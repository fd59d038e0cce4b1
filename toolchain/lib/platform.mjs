/** How the tools' publishers call this machine. */
export const os = process.platform;
export const goArch = process.arch === 'x64' ? 'amd64' : process.arch;
