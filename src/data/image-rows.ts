import { join } from 'node:path'
import { type Image, makeImage } from '../transforms/image.ts'
import { checkIndex, type Dataset, type Sample } from './dataset.ts'
import { readImage } from './decode.ts'
import { DataError } from './errors.ts'
import { listFolder } from './folder.ts'
import type { ImageListOptions } from './image-list.ts'
import { readTable, type TableRow } from './labelled-folder.ts'

interface Row {
  readonly sheet: number
  readonly row: number
  readonly label: number
}

/** Whether a table has the columns of `imageRows`. */
export function isRowTable(rows: readonly TableRow[]): boolean {
  return ['batch', 'row', 'label'].every((column) => rows[0]?.cells.includes(column))
}

/**
 * Small square images stored one a row in larger ones, as ConvNetJS keeps CIFAR-10: `NAME_0.png`, `NAME_1.png`, … with
 * side x side pixels to a row, and `labels.csv` with the columns batch, row, label and, if known, class. Lines for sheets
 * that are not there do not count.
 */
export async function imageRows(
  folder: string,
  options: Pick<ImageListOptions, 'transform'> = {},
): Promise<Dataset & { readonly classes: readonly string[] }> {
  const { transform } = options
  const table = join(folder, 'labels.csv')
  const { rows, classes } = parseRows(table, await readTable(table))
  const sheets = new Map<number, Image>()
  for (const name of (await listFolder(folder)).files) {
    const number = /_(\d+)\.png$/.exec(name)?.[1]
    if (number !== undefined) sheets.set(Number(number), await readSheet(join(folder, name)))
  }
  const present = rows.filter(({ sheet }) => sheets.has(sheet))
  if (present.length === 0) throw new DataError(folder, `holds none of the sheets that ${table} speaks of`)
  for (const { sheet, row } of present) {
    const { height } = sheets.get(sheet)!
    if (row >= height) throw new DataError(table, `names row ${row} of sheet ${sheet}, which has ${height}`)
  }
  return {
    length: present.length,
    classes,
    labels: present.map(({ label }) => label),
    get(index, generator): Sample {
      checkIndex('imageRows', index, present.length)
      const { sheet, row, label } = present[index]!
      const { data, width } = sheets.get(sheet)!
      const side = Math.sqrt(width)
      const image = makeImage(side, side, 3, data.subarray(row * width * 3, (row + 1) * width * 3))
      return { image: transform ? transform.apply(image, generator) : image, label }
    },
  }
}

async function readSheet(path: string): Promise<Image> {
  const sheet = await readImage(path)
  if (!Number.isInteger(Math.sqrt(sheet.width))) {
    throw new DataError(path, `rows of ${sheet.width} pixels make no square image`)
  }
  return sheet
}

function parseRows(
  path: string,
  table: readonly TableRow[],
): { readonly rows: readonly Row[]; readonly classes: readonly string[] } {
  if (!isRowTable(table))
    throw new DataError(path, 'needs the columns batch, row and label in its first line')
  const columns = table[0]!.cells
  const classes: string[] = []
  const rows = table.slice(1).map(({ line, cells }) => {
    const [sheet, row, label] = ['batch', 'row', 'label'].map((name) => Number(cells[columns.indexOf(name)]))
    if (![sheet, row, label].every((value) => Number.isInteger(value) && value! >= 0)) {
      throw new DataError(path, `line ${line}: batch, row and label must be whole numbers from 0`)
    }
    classes[label!] = cells[columns.indexOf('class')] ?? String(label)
    return { sheet: sheet!, row: row!, label: label! }
  })
  return { rows, classes: Array.from(classes, (name, i) => name ?? String(i)) }
}
