# Validates the tokens of the cases on standard input with the libraries that Debian has for Ruby.
require 'json'
require 'jwt'
require 'json/jwt'

LIBRARIES = {
  'ruby-jwt' => [
    Gem.loaded_specs['jwt']&.version&.to_s || JWT.gem_version.to_s,
    lambda do |kase, token|
      options = {
        algorithms: [kase['alg']], jwks: { keys: kase['jwks']['keys'] },
        iss: kase['issuer'], verify_iss: true, aud: kase['audience'], verify_aud: true
      }
      JWT.decode(token, nil, true, options)
    end
  ],
  'json-jwt' => [
    Gem::Specification.find_by_name('json-jwt').version.to_s,
    lambda do |kase, token|
      keys = JSON::JWK::Set.new(kase['jwks']['keys'])
      JSON::JWT.decode(token, keys, [kase['alg'].to_sym])
    end
  ]
}.freeze

def outcome(validate, kase, token)
  validate.call(kase, token)
  nil
rescue StandardError, NotImplementedError => e
  "#{e.class}: #{e.message}".lines.first.strip
end

cases = JSON.parse($stdin.read)
results = LIBRARIES.map do |name, (version, validate)|
  outcomes = cases.to_h do |kase|
    [kase['id'], [kase['token'], *kase['forged']].map { |token| outcome(validate, kase, token) }]
  end
  { kind: 'Ruby', name: name, version: version, outcomes: outcomes }
end
puts JSON.generate(results)
