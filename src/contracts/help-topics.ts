/** The documents for customers, by the last part of their addresses; their texts are in `src/texts/`. */
export const helpTopics = ['first-steps', 'devices', 'server'] as const;
export type HelpTopic = (typeof helpTopics)[number];
