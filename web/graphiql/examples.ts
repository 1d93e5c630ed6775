/** Tabs that are open at the first visit: each shows one thing that the API is for. */
export interface Example {
  query: string;
  variables?: string;
}

export const EXAMPLES: Example[] = [
  {
    query: `# Every price is exact, says when it was observed, and by whom.
# Press Ctrl-Enter to run it; hover a field to see what it means.
query Market {
  coins(first: 10, orderBy: MARKET_CAP_RANK) {
    totalCount
    nodes {
      name
      symbol
      price {
        usd
        change24hPct
        observedAt
        source
      }
      market {
        marketCapUsd
        volume24hUsd
      }
      performance {
        return30dPct
        sharpe30d
      }
    }
  }
}
`,
  },
  {
    query: `# Live: every new observation, in order, without a gap.
# Stop it, put the last cursor into the variables as "after", and run it again:
# what came meanwhile is sent first.
subscription LivePrices($coinIds: [ID!], $after: String) {
  priceUpdated(coinIds: $coinIds, after: $after) {
    coinId
    usd
    previousUsd
    observedAt
    cursor
  }
}
`,
    variables: `{
  "coinIds": ["bitcoin", "ethereum"],
  "after": null
}
`,
  },
  {
    query: `query Candles($coin: ID!, $interval: CandleInterval!) {
  coin(id: $coin) {
    name
    candles(interval: $interval, first: 24) {
      bucketStart
      open
      high
      low
      close
      observations
      isComplete
    }
  }
}
`,
    variables: `{
  "coin": "bitcoin",
  "interval": "ONE_HOUR"
}
`,
  },
  {
    query: `# The market by day, and who moved most.
query Overview {
  marketOverview {
    day
    totalMarketCapUsd
    bitcoinDominancePct
    gainers
    losers
    topGainers(first: 3) {
      return1dPct
      coin {
        name
      }
    }
    topLosers(first: 3) {
      return1dPct
      coin {
        name
      }
    }
  }
}
`,
  },
  {
    query: `# Alerts as they fire. Rules for them: the mutation below needs the operator's key (top right).
subscription Alerts {
  alertTriggered(minSeverity: INFO) {
    id
    severity
    message
    triggeredAt
  }
}

mutation WatchBitcoin {
  createAlertRule(
    input: {
      name: "Bitcoin over 100k"
      kind: PRICE_ABOVE
      coinId: "bitcoin"
      threshold: "100000"
    }
  ) {
    id
    version
  }
}
`,
  },
  {
    query: `# What the data is made from, how fresh and how sound it is, and what ran.
query Operations {
  datasets {
    name
    grain
    writtenAt
    dependsOn {
      name
    }
    checks {
      name
      status
    }
  }
  pipelineRuns(first: 5) {
    nodes {
      pipeline
      logicalDate
      status
      tasks {
        name
        status
        rowsWritten
      }
    }
  }
}
`,
  },
];
