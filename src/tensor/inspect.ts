/** Has Node show objects of a class by their toString() in console.log; without effect elsewhere. */
export function showAsText(prototype: object): void {
  Object.defineProperty(prototype, Symbol.for('nodejs.util.inspect.custom'), {
    value(this: object): string {
      return String(this)
    },
    writable: true,
    configurable: true,
  })
}
