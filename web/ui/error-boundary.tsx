/** A page that breaks takes neither the frame nor the other pages with it. */
import { Component, type ReactNode } from 'react';
import { Problem } from './states.js';

/** The page is not broken: it is not here. */
export class PageAbsent extends Error {}

interface BoundaryProps {
  /** Another one: another page, tried anew. */
  place: string;
  children: ReactNode;
}

export class ErrorBoundary extends Component<BoundaryProps, { error: Error | null; place: string }> {
  override state = { error: null as Error | null, place: this.props.place };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  static getDerivedStateFromProps(props: BoundaryProps, state: { place: string }) {
    return props.place === state.place ? null : { error: null, place: props.place };
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return (
      <main className="page">
        <div className="panel">
          {this.state.error instanceof PageAbsent ? (
            <Problem what="This page cannot be had now" problem="It comes by itself as soon as the gateway answers" />
          ) : (
            <Problem what="This page broke" problem={this.state.error.message} retry={() => this.setState({ error: null })} />
          )}
        </div>
      </main>
    );
  }
}
