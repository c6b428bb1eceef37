// Where a letter is text, not a command.

export const TYPED = "input:not([type=radio], [type=checkbox], [type=range]), select, textarea";
