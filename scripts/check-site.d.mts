export interface CheckedSite {
  readonly pages: number
  readonly links: number
  readonly problems: readonly string[]
}

export function checkSite(folder: string): CheckedSite
