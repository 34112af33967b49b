import type { Place } from './place.js'

// Which screen to open, and on what: data, so that a screen can send to another without knowing it.

export type Opening =
  | { readonly screen: 'places' }
  | { readonly screen: 'secrets'; readonly place: Place }
  | { readonly screen: 'detail'; readonly place: Place; readonly name: string }
  | { readonly screen: 'edit'; readonly place: Place; readonly name: string | undefined }
  /** `reference`: the one to show, where it is in conflict. */
  | { readonly screen: 'conflicts'; readonly reference?: string }
  | { readonly screen: 'people' }
  | { readonly screen: 'trust' }
  | { readonly screen: 'unlock' }
  | { readonly screen: 'setup' }
  | { readonly screen: 'starting' }

export type ScreenName = Opening['screen']
