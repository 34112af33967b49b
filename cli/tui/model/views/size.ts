/** Room for a view. */
export type Size = { readonly width: number; readonly height: number }
