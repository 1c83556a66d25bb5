import { Estimator } from '../estimator.ts'
import type { Features } from '../input.ts'
import type { Table } from '../tables/table.ts'

/** A method that changes columns. It acts on those of its kind, numeric or nominal, and leaves the others as they are. */
export abstract class Transformer<O extends object> extends Estimator<O, 'table'> {
  readonly kind = 'transformer'
  protected override readonly reads = 'table'

  /** Learns what the columns hold. */
  async fit(x: Features): Promise<this> {
    const { data, features } = await this.readTraining(x)
    this.learn(data)
    this.markFitted(features, true)
    return this
  }

  /** The changed columns, as a table; `toMatrix()` gives its numbers. */
  async transform(x: Features): Promise<Table> {
    return this.apply(await this.readSamples(x))
  }

  async fitTransform(x: Features): Promise<Table> {
    return (await this.fit(x)).transform(x)
  }

  protected abstract learn(table: Table): void
  protected abstract apply(table: Table): Table
}
