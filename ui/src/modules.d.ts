declare module 'virtual:heads' {
  const heads: readonly import('../build/catalogue-plugin.ts').EntryHead[];
  export default heads;
}
declare module 'virtual:texts' {
  const texts: Readonly<Record<string, string>>;
  export default texts;
}
declare module 'virtual:designs' {
  const designs: Readonly<Record<string, string>>;
  export default designs;
}
declare module 'virtual:programs' {
  const programs: Readonly<Record<string, string>>;
  export default programs;
}
declare module '#start-worker' {
  export function startWorker(): Worker;
}
declare module '*?worker&inline' {
  const Made: new () => Worker;
  export default Made;
}
