# Validates the tokens of the cases on standard input with the library that Debian has for Perl.
use strict;
use warnings;
use Crypt::JWT qw(decode_jwt);
use JSON::PP;

sub outcome {
    my ($case, $token) = @_;
    eval {
        decode_jwt(
            token        => $token,
            kid_keys     => $case->{jwks},
            accepted_alg => $case->{alg},
            verify_iss   => sub { $_[0] eq $case->{issuer} },
            verify_aud   => sub { $_[0] eq $case->{audience} },
        );
        1;
    } and return undef;
    my $error = $@ || 'refused';
    $error =~ s/ at \S+ line \d+\.?\s*\z//;
    return $error;
}

my $cases    = decode_json(do { local $/; <STDIN> });
my %outcomes = map {
    my $case = $_;
    ($case->{id} => [map { outcome($case, $_) } $case->{token}, @{ $case->{forged} }]);
} @$cases;
print encode_json([
    { kind => 'Perl', name => 'Crypt::JWT', version => "$Crypt::JWT::VERSION", outcomes => \%outcomes },
]);
