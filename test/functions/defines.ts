/**
 * Whether a C file defines a function, a macro or a pointer to a function of this name. PAGEFLAG(Reserved, …) and the
 * like define PageReserved().
 */
export function defines(text: string, name: string): boolean {
  const flag = /^Page(\w+)$/.exec(name)?.[1];
  const forms = [
    `^[ \\t]*#[ \\t]*define[ \\t]+${name}\\b`,
    `^(?![ \\t#/*])[^;{}()#]*\\b${name}[ \\t]*\\((?:[^;{}]|\\n)*?\\)[^;{}()]*\\{`,
    `^(?![ \\t])[^;{}()\\n]*\\b${name}[ \\t]*=`,
    ...(flag === undefined ? [] : [`^PAGEFLAG(?:_\\w+)?\\(${flag},`]),
  ];
  return forms.some((form) => new RegExp(form, 'm').test(text));
}
